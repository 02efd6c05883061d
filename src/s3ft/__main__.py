"""python -m s3ft"""

from s3ft.cli import main

main()
