"""The storefront for the world: goods of this place told in English, shown in foreign money, quoted to the door.

Rates, tariffs, duties, taxes and refusals are dated rows that come in as files (``docs/world.md``). Payment and
settlement stay in won: the foreign amount a buyer was shown is kept with the order, with its rate and time.
"""
