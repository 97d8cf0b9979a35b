"""The demo: a neighbourhood shop without a till, enacted by the twin and run by the software itself.

Only the people and the sensors are simulated. Everything behind the gateway is what a real shop would run: raw log,
engine process, deals, books, facts, pages. What is measured here is called simulated wherever it is shown.
"""
