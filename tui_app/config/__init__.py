"""What the operator configured, checked."""
