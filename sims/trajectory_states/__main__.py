import sys

from sims.trajectory_states import main

sys.exit(main())
