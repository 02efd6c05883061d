"""python -m s3ft"""

import sys

try:
    from s3ft.cli.main import main
except KeyboardInterrupt:
    print("s3ft: stopped; repeat the command to go on", file=sys.stderr)
    sys.exit(130)

main()
