"""Pure heart of the product: records, plans, states, text. No I/O, no threads, no clock."""
