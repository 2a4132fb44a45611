"""Speed: ours and other packages' clusterers in one run."""
