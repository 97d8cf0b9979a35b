"""The device's side: a sender that keeps what it says until the shop has it, and simulated or recorded sensors to send.

For tests, demonstrations, and as the reference for who builds a sensor. A shop's server uses none of it.
"""
