"""What a model's answers are worth: captions, and later styles, latents and pictures."""
