"""The portal and the API: what people see and set in a browser, and what programs may do in their place.

`application` puts it together out of a `Portal`, `server` listens. `pages/` and `api/` have a file per noun, thin both:
what they decide is decided in `gateway.deciding`. `security/` lets in and keeps out; `templates/`, `static/` and
`texts/` are what is shown. Pages work without JavaScript; nothing is loaded from elsewhere.
"""
