"""Training: targets for the heads, losses as objectives, and the engine that runs them."""
