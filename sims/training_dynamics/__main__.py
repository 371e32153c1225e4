import sys

from sims.training_dynamics import main

sys.exit(main())
