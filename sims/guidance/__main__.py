import sys

from sims.guidance import main

sys.exit(main())
