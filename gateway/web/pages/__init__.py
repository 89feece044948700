"""The pages, a file per noun, each with a `router`. Server-rendered: a POST does something and leads to a GET."""
