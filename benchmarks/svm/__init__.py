"""Speed and quality of the online support vector machines, with targets."""
