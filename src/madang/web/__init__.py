"""Web: assembles the app out of the rooms' and serves it. ``create_app(Shopfront(...))``, ``start``, ``serve``."""

from madang.web.app import Shopfront, create_app
from madang.web.serving import Running, serve, start

__all__ = ["Running", "Shopfront", "create_app", "serve", "start"]
