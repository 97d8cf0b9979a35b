"""A django-oscar shop for the comparison, as its documentation sets one up; run in an environment of its own.

What speeds it up without changing what it does is on: DEBUG off (so templates are cached), persistent connections,
no thumbnails drawn (products have no pictures), mails thrown away.
"""

from __future__ import annotations

import os
from pathlib import Path

from oscar.defaults import *  # noqa: F403

HOME = Path(os.environ["OSCAR_HOME"])
SECRET_KEY = os.environ["OSCAR_SECRET"]
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "urls"
SITE_ID = 1
USE_TZ = True
TIME_ZONE = "Asia/Seoul"
LANGUAGE_CODE = "en-gb"
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
STATIC_URL, STATIC_ROOT = "/static/", str(HOME / "static")
MEDIA_URL, MEDIA_ROOT = "/media/", str(HOME / "media")

_DJANGOS = ("admin", "auth", "contenttypes", "sessions", "messages", "staticfiles", "sites", "flatpages")
_DASHBOARDS = (
    "reports", "users", "orders", "catalogue", "offers", "partners", "pages", "ranges", "reviews", "vouchers",
    "communications", "shipping",
)  # fmt: skip
INSTALLED_APPS = [
    *(f"django.contrib.{name}" for name in _DJANGOS),
    "oscar.config.Shop",
    *(
        f"oscar.apps.{name}.apps.{kind}Config"
        for name, kind in {
            "analytics": "Analytics", "checkout": "Checkout", "address": "Address", "shipping": "Shipping",
            "catalogue": "Catalogue", "catalogue.reviews": "CatalogueReviews", "communication": "Communication",
            "partner": "Partner", "basket": "Basket", "payment": "Payment", "offer": "Offer", "order": "Order",
            "customer": "Customer", "search": "Search", "voucher": "Voucher", "wishlists": "Wishlists",
            "dashboard": "Dashboard",
        }.items()
    ),
    *(f"oscar.apps.dashboard.{name}.apps.{name.title()}DashboardConfig" for name in _DASHBOARDS),
    "widget_tweaks", "haystack", "treebeard", "django_tables2",
]  # fmt: skip
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "oscar.apps.basket.middleware.BasketMiddleware",
]
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "oscar.apps.search.context_processors.search_form",
                "oscar.apps.checkout.context_processors.checkout",
                "oscar.apps.communication.notifications.context_processors.notifications",
                "oscar.core.context_processors.metadata",
            ],
        },
    }
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": os.environ["OSCAR_DATABASE"],
        "USER": "madang",
        "HOST": "127.0.0.1",
        "PORT": os.environ["OSCAR_PORT"],
        "CONN_MAX_AGE": None,
        "ATOMIC_REQUESTS": True,  # as its documentation has it
    }
}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
SESSION_ENGINE = "django.contrib.sessions.backends.db"
HAYSTACK_CONNECTIONS = {
    "default": {"ENGINE": "haystack.backends.whoosh_backend.WhooshEngine", "PATH": str(HOME / "index")}
}
OSCAR_SHOP_NAME = "Comparison"
OSCAR_DEFAULT_CURRENCY = "KRW"
OSCAR_ALLOW_ANON_CHECKOUT = True
OSCAR_THUMBNAILER = "thumbnails.AsItIs"
