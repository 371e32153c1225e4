import sys

from sims.phase_diagram import main

sys.exit(main())
