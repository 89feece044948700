"""What exchangelib's items mean: appointments. Pure.

`parse` for what a view gives, `expand` and `pattern` for series where a server does not expand them; `when` and
`people` for times and persons.
"""
