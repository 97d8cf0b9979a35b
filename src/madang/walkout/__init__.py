"""Walk-out: the shop without a till. ``engine`` turns sensor samples into beliefs and receipts, ``recordings`` replays
what was recorded, and the live shop (``shop.LiveShop``) follows the raw sensor log with an engine in its own process
and turns what it says into deals, books and facts (``service``)."""
