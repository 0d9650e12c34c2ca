"""The sandbox attacked over its sockets; `python -m tests.sandbox.attack` prints refused / tried."""
