"""Web: one app out of every room's pages, and its server: ``create_app(Shopfront(...))``, ``start``, ``serve``."""

from madang.web.app import Shopfront, create_app
from madang.web.serving import Running, serve, start

__all__ = ["Running", "Shopfront", "create_app", "serve", "start"]
