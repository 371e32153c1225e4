import sys

from sims.flow_field import main

sys.exit(main())
