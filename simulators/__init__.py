"""Plants, meters and receivers with an encoder of their own, and the truth written down."""
