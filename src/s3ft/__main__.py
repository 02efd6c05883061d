"""python -m s3ft"""

from s3ft.cli.main import main

main()
