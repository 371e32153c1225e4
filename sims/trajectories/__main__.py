import sys

from sims.trajectories import main

sys.exit(main())
