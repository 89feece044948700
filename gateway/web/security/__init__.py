"""Who is let in, what a browser is told to forbid, and what keeps strangers and other sites out."""
