"""What is said between and during sessions."""
