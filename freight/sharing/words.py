"""What the pages of followers say, in the languages that they are read in."""

from __future__ import annotations

from enum import StrEnum


class Language(StrEnum):
    ENGLISH = "en"
    HINDI = "hi"


WORDS: dict[Language, dict[str, str]] = {
    Language.ENGLISH: {
        "consignment": "Consignment",
        "not_loaded": "Not yet loaded",
        "aboard": "On the way",
        "delivered": "Delivered",
        "cancelled": "Cancelled",
        "not_loaded_text": "The truck is shown here once the goods are aboard.",
        "aboard_text": "The goods are aboard.",
        "delivered_text": "The goods were handed over.",
        "cancelled_text": "This consignment was cancelled.",
        "withheld": "The truck's place is not shown: consent was withdrawn.",
        "expected": "Expected",
        "between": "between {0} and {1}",
        "unknown_eta": "The time of arrival is not known yet.",
        "pickup": "Pickup",
        "drop": "Delivery",
        "arrived": "Arrived",
        "loaded": "Loaded",
        "unloaded": "Unloaded",
        "truck": "Truck",
        "seen": "Seen",
        "about_here": "about here",
        "not_heard": "The truck has not been heard of lately.",
        "updated": "Updated",
        "gone": "This link leads nowhere: it has expired or was withdrawn.",
        "stale": "No connection; the page shows what it knew last.",
        "other": "हिन्दी",
    },
    Language.HINDI: {
        "consignment": "माल",
        "not_loaded": "अभी लदान नहीं हुआ",
        "aboard": "रास्ते में",
        "delivered": "पहुँचा दिया गया",
        "cancelled": "रद्द",
        "not_loaded_text": "माल चढ़ने के बाद ट्रक यहाँ दिखाया जाएगा।",
        "aboard_text": "माल ट्रक में है।",
        "delivered_text": "माल सौंप दिया गया है।",
        "cancelled_text": "यह बुकिंग रद्द कर दी गई।",
        "withheld": "ट्रक का स्थान नहीं दिखाया जाता: सहमति वापस ली गई है।",
        "expected": "पहुँचने का अनुमान",
        "between": "{0} और {1} के बीच",
        "unknown_eta": "पहुँचने का समय अभी पता नहीं है।",
        "pickup": "लदान",
        "drop": "डिलीवरी",
        "arrived": "पहुँचा",
        "loaded": "माल चढ़ा",
        "unloaded": "माल उतरा",
        "truck": "ट्रक",
        "seen": "देखा गया",
        "about_here": "लगभग यहाँ",
        "not_heard": "ट्रक की हाल में कोई सूचना नहीं मिली।",
        "updated": "अद्यतन",
        "gone": "यह लिंक अब काम नहीं करता: समय समाप्त हुआ या वापस लिया गया।",
        "stale": "संपर्क नहीं है; पृष्ठ पिछली जानकारी दिखा रहा है।",
        "other": "English",
    },
}
