"""The API, a file per noun, each with a `router`: JSON, for programs with a token. OpenAPI 3.1 describes it."""
