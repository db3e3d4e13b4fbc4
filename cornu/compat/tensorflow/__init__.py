"""What serves as `tensorflow`."""
