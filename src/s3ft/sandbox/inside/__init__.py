"""What runs inside the sandbox. Standard library only, and nothing of s3ft outside this folder."""
