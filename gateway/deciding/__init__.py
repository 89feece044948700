"""What people decide, whoever asks for it: a command, a page of the portal, a program.

Each file is a noun. It checks what was given, writes it into the store in the asker's transaction, and returns what was
done; it prints nothing, asks nobody, and knows neither the settings file nor the web (what it needs of the settings is
an `Installation`). Who may ask is decided by whoever lets them in.
"""
