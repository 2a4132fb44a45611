"""Small parts that the rest of the page is made of."""
