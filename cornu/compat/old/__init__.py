"""What old eras of Keras had and today's core hasn't, and the numbers of old eras, in modern spelling."""
