import sys

from sims.generalization_gap import main

sys.exit(main())
