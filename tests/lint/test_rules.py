"""Proves that each rule of the lint finds what it is for, and leaves innocent code alone."""

from __future__ import annotations

import pytest

from lint.check import check_text
from lint.findings import ABOUT, Rule

KEY = "-----BEGIN RSA PRIVATE " + "KEY-----\nMIIEpAIBAAKCAQEA7"
RANDOM = "q8Zt3LmX0vR7" + "sYb2NcJ5wHkD9fGa"
HEX = "9f86d081884c7d65" + "9a2feaa0c55ad015"

# Rule, and code that breaks it; one finding of this rule is expected in each.
PLANTED: list[tuple[Rule, str]] = [
    (Rule.RATE, "GST_RATE = 0.18"),
    (Rule.RATE, "price_per_km_inr: float = 42.5"),
    (Rule.RATE, "def quote(km, commission_pct=12): ..."),
    (Rule.RATE, "total = fare * 0.05"),
    (Rule.RATE, "total = 118 * base_fare / 100"),
    (Rule.RATE, "quote(toll_fee=350)"),
    (Rule.RATE, "card = {'platform_fee': 499}"),
    (Rule.RATE, "vat = Decimal('0.12')"),
    (Rule.RATE, "discount = '15%'"),
    (Rule.RATE, "rate = rates.get('rate', 0.07)"),
    (Rule.TIME, "TIMEOUT_S = 30"),
    (Rule.TIME, "get(url, timeout=30)"),
    (Rule.TIME, "time.sleep(5)"),
    (Rule.TIME, "await asyncio.wait_for(task, 10)"),
    (Rule.TIME, "async with asyncio.timeout(3.5): ..."),
    (Rule.TIME, "def call(retries: int = 3): ..."),
    (Rule.TIME, "class A:\n    poll_interval = 15"),
    (Rule.TIME, "token_ttl = 60 * 60"),
    (Rule.TIME, "for _ in range(5):\n    try:\n        call()\n    except OSError: ..."),
    (Rule.TIME, "for attempt in range(4): call()"),
    (Rule.TIME, "timeout = asked or 30"),
    (Rule.TIME, "x = timedelta(days=90)"),
    (Rule.TIME, "redis.expire(key, 600)"),
    (Rule.TIME, "wait = '30s'"),
    (Rule.TIME, "BACKOFF = (0.5, 4, 30)"),
    (Rule.TIME, "session_s_max = getattr(o, 'session_s_max', 900)"),
    (Rule.LIMIT, "MAX_TRUCKS = 5000"),
    (Rule.LIMIT, "page_size = 50"),
    (Rule.LIMIT, "def page(limit: int = Query(100, le=500)): ..."),
    (Rule.LIMIT, "class A(BaseModel):\n    max_stops: int = Field(default=12)"),
    (Rule.LIMIT, "asyncio.Semaphore(10)"),
    (Rule.LIMIT, "queue.Queue(maxsize=500)"),
    (Rule.LIMIT, "speed_limit_kmh = 80"),
    (Rule.LIMIT, "n = min(asked, 500)"),
    (Rule.LIMIT, "body_bytes_max = 1024 * 1024"),
    (Rule.LIMIT, "self.search_radius = 25.0"),
    (Rule.THRESHOLD, "if weight > 5000: ..."),
    (Rule.THRESHOLD, "if 300 <= idle: ..."),
    (Rule.THRESHOLD, "late = delay_minutes >= 45"),
    (Rule.THRESHOLD, "x = [t for t in trucks if t.speed > 80.0]"),
    (Rule.THRESHOLD, "if len(stops) > 20: ..."),
    (Rule.THRESHOLD, "if lat > 28.5: ..."),
    (Rule.TENANT, "if tenant == 'acme': ..."),
    (Rule.TENANT, "if 'acme' == who.tenant.id: ..."),
    (Rule.TENANT, "if customer_id in (17, 23): ..."),
    (Rule.TENANT, "if booking['shipper_id'] != 'tata': ..."),
    (Rule.TENANT, "match tenant_id:\n    case 'demo': ..."),
    (Rule.TENANT, "if client_id.startswith('demo-'): ..."),
    (Rule.TENANT, "RATES_BY_TENANT = {'acme': rates}"),
    (Rule.TENANT, "VIP_CUSTOMERS = {'tata', 'reliance'}"),
    (Rule.TENANT, "if request.headers.get('X-Tenant') == 'acme': ..."),
    (Rule.TENANT, "if str(tenant).lower() == 'acme': ..."),
    (Rule.ROLE, "if user.role == 'admin': ..."),
    (Rule.ROLE, "if 'finance' in who.roles: ..."),
    (Rule.ROLE, "if role in {'admin', 'support'}: ..."),
    (Rule.ROLE, "if role is not None and role == Role.ADMIN: ..."),
    (Rule.ROLE, "has_role(user, 'admin')"),
    (Rule.ROLE, "match user.role:\n    case 'driver': ..."),
    (Rule.SECRET, "PASSWORD = 'hunter2'"),
    (Rule.SECRET, "connect(password='hunter2')"),
    (Rule.SECRET, "def sign(secret_key='s3cr3t'): ..."),
    (Rule.SECRET, "config = {'api_key': 'abc123'}"),
    (Rule.SECRET, "self.client_secret = SecretStr('abc123')"),
    (Rule.SECRET, "if api_key == 'letmein': ..."),
    (Rule.SECRET, "key = '''" + KEY + "'''"),
    (Rule.SECRET, "x = b'''" + KEY + "'''"),
    (Rule.SECRET, "x = 'postgres" + "://app:hunter2@db/app'"),
    (Rule.SECRET, "x = 'host=db user=app pass" + "word=hunter2'"),
    (Rule.SECRET, "x = 'AKIA" + "IOSFODNN7EXAMPLE'"),
    (Rule.SECRET, "x = 'rzp_live_" + "abcDEF1234567890'"),
    (Rule.ENTROPY, f"x = '{RANDOM}'"),
    (Rule.ENTROPY, f"seed(\n    '{HEX}'\n)"),
    (Rule.ENVIRONMENT, "import os\nx = os.environ['DB_HOST']"),
    (Rule.ENVIRONMENT, "import os\nx = os.environ.get('PORT')"),
    (Rule.ENVIRONMENT, "import os\nx = os.getenv('STRIPE_KEY')"),
    (Rule.ENVIRONMENT, "import os\nx = dict(os.environ)"),
    (Rule.ENVIRONMENT, "import os\nx = 'DEBUG' in os.environ"),
    (Rule.ENVIRONMENT, "import os\nx = os.environ[name]"),
    (Rule.ENVIRONMENT, "from os import environ"),
    (Rule.ENVIRONMENT, "class Settings(BaseSettings): ..."),
    (Rule.ADDRESS, "x = '10.0.0.7'"),
    (Rule.ADDRESS, "x = 'https://api.bank.in/v2'"),
    (Rule.ADDRESS, "x = f'redis://cache:{port}/0'"),
    (Rule.ADDRESS, "connect(host='db.internal')"),
    (Rule.ADDRESS, "PORT = 8080"),
    (Rule.ADDRESS, "def serve(http_port: int = 8000): ..."),
    (Rule.ADDRESS, "connect(port=5432)"),
    (Rule.ADDRESS, "x = 'fd00::7'"),
    (Rule.ADDRESS, "x = 'localhost'"),
    (Rule.ADDRESS, "brokers = ['mqtt.fleet.in:1883']"),
    (Rule.TEXT, "currency = 'INR'"),
    (Rule.TEXT, "tz = ZoneInfo('Asia/Kolkata')"),
    (Rule.TEXT, "x = 'support@ubertruck.in'"),
    (Rule.TEXT, "x = '+919812345678'"),
    (Rule.TEXT, "if booking.currency == 'INR': ..."),
    (Rule.ESCAPE, "TIMEOUT_S = 30  # fixed"),
    (Rule.ESCAPE, "TIMEOUT_S = 30  # fixed:"),
    (Rule.ESCAPE, "TIMEOUT_S = 30  # fixed: yes"),
    (Rule.ESCAPE, "NAME = 'a'  # fixed: because it always was so"),
    (Rule.SYNTAX, "def f(:"),
]

# Code that looks a little like a violation of the rule and is none.
INNOCENT: list[tuple[Rule, str]] = [
    (Rule.RATE, "rate = 1.0"),
    (Rule.RATE, "GST_RATE = policy().tax.gst_rate"),
    (Rule.RATE, "rupees = amount_minor / 100"),
    (Rule.RATE, "sample_rate = 44100"),
    (Rule.RATE, "rate_hz = 5"),
    (Rule.RATE, "class Column(IntEnum):\n    PRICE = 7"),
    (Rule.RATE, "fee: int = Field(ge=0, le=100000)"),
    (Rule.TIME, "DAY_MS = 86_400_000"),
    (Rule.TIME, "SECONDS_PER_HOUR = 3600"),
    (Rule.TIME, "NS_IN_S = 1_000_000_000"),
    (Rule.TIME, "wait_s = ms / 1000"),
    (Rule.TIME, "await asyncio.sleep(0)"),
    (Rule.TIME, "get(url, timeout=policy().api.timeout_s)"),
    (Rule.TIME, "elapsed_s = 0.0"),
    (Rule.TIME, "for row in range(5): print(row)"),
    (Rule.TIME, "timeout = None"),
    (Rule.TIME, "EPOCH = datetime(1970, 1, 1)"),
    (Rule.LIMIT, "x = y[:3]"),
    (Rule.LIMIT, "grid = np.zeros((3, 4), dtype='<i4')"),
    (Rule.LIMIT, "HEADER = struct.Struct('<2sBBIIQd')"),
    (Rule.LIMIT, "name: str = Field(max_length=64)"),
    (Rule.LIMIT, "SALT_BYTES = 16"),
    (Rule.LIMIT, "FLAGS_MAX = 0xFFFF"),
    (Rule.LIMIT, "n = max(count, 1)"),
    (Rule.LIMIT, "a, _, b = text.split(',', 2)"),
    (Rule.LIMIT, "q = 'SELECT id FROM trucks LIMIT 500'"),
    (Rule.LIMIT, "x = round(value, 6)"),
    (Rule.LIMIT, "class Pool(IntEnum):\n    SIZE_MAX = 12"),
    (Rule.THRESHOLD, "if count > 0: ..."),
    (Rule.THRESHOLD, "if len(ring) >= 4: ..."),
    (Rule.THRESHOLD, "if -90.0 <= lat <= 90: ..."),
    (Rule.THRESHOLD, "if abs(lat) + reach_deg >= 90.0: ..."),
    (Rule.LIMIT, "north = min(lat + reach, 90.0)"),
    (Rule.THRESHOLD, "if status_code >= 400: ..."),
    (Rule.THRESHOLD, "if heading_deg >= 360.0: ..."),
    (Rule.THRESHOLD, "if share_pct > 100: ..."),
    (Rule.THRESHOLD, "if sys.version_info >= (3, 11): ..."),
    (Rule.THRESHOLD, "if array.ndim > 3: ..."),
    (Rule.THRESHOLD, "if number < 2**63: ..."),
    (Rule.THRESHOLD, "if weight > limit: ..."),
    (Rule.THRESHOLD, "if kind == 7: ..."),
    (Rule.TENANT, "if tenant == '*': ..."),
    (Rule.TENANT, "if tenant == other.tenant: ..."),
    (Rule.TENANT, "if tenant.status == 'suspended': ..."),
    (Rule.TENANT, "if tenant_key == 0: ..."),
    (Rule.TENANT, "tenants = [read(row) for row in rows]"),
    (Rule.TENANT, "columns = ('tenant', 'truck')"),
    (Rule.TENANT, "if 'tenant' in row: ..."),
    (Rule.TENANT, "carrier_columns = ('id', 'name')"),
    (Rule.ROLE, "if Permission.TRUCKS_READ in who.permissions: ..."),
    (Rule.ROLE, "if role == asked.role: ..."),
    (Rule.ROLE, "if 'role' in row: ..."),
    (Rule.SECRET, "password = row['password']"),
    (Rule.SECRET, "TOKEN_TYPE = 'at+jwt'"),
    (Rule.SECRET, "token_url = '/v1/oauth/token'"),
    (Rule.SECRET, "password = ''"),
    (Rule.SECRET, "api_key = 'secret://payments/key'"),
    (Rule.SECRET, "secret_header = 'X-Signature'"),
    (Rule.SECRET, "if token == 'and': ..."),
    (Rule.SECRET, "x = f'postgres://{user}:{password}@{host}/db'"),
    (Rule.SECRET, "'''Never write postgres" + "://<user>:<password>@<host> here.'''"),
    (Rule.SECRET, "says = 'password is needed'"),
    (Rule.SECRET, "class Grant(StrEnum):\n    PASSWORD = 'password'"),
    (Rule.SECRET, "CLIENT_CREDENTIALS = 'client_credentials'"),
    (Rule.SECRET, "columns = {'password': 'password_hash'}"),
    (Rule.ENTROPY, "ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'"),
    (Rule.ENTROPY, "x = 'freight.tracking.columns.TruckColumns'"),
    (Rule.ENTROPY, "x = '6f1c9a52-3b7e-4d08-9c51-2a7f0e8b4d13'"),
    (Rule.ENTROPY, f"sha256 = '{HEX}'"),
    (Rule.ENTROPY, "x = 'truck_position_received_and_folded'"),
    (Rule.ENVIRONMENT, "import os\nx = os.environ['ENVIRONMENT']"),
    (Rule.ENVIRONMENT, "import os\nx = os.getenv('LOG_LEVEL', 'INFO')"),
    (Rule.ENVIRONMENT, "import os\nos.environ['RAY_DEDUP_LOGS'] = '0'"),
    (Rule.ENVIRONMENT, "import os\nx = os.path.join('a', 'b')"),
    (Rule.ADDRESS, "x = 'https://www.w3.org/2001/XMLSchema'"),
    (Rule.ADDRESS, "x = 'https://example.com/hook'"),
    (Rule.ADDRESS, "host = installation.redis.host"),
    (Rule.ADDRESS, "port = 0"),
    (Rule.ADDRESS, "x = f'{value}::{kind}'"),
    (Rule.ADDRESS, "x = '1.2.3'"),
    (Rule.ADDRESS, "x = 'tenant:truck'"),
    (Rule.ADDRESS, "x = '%H:%M:%S'"),
    (Rule.ADDRESS, "'''See https://docs.bank.in/api for the fields.'''"),
    (Rule.TEXT, "currency = tenant.currency"),
    (Rule.TEXT, "timezone = 'UTC'"),
    (Rule.TEXT, "country: str"),
    (Rule.TEXT, "x = 'user@example.com'"),
    (Rule.ESCAPE, "RING_POINTS_MIN = 4  # fixed: GeoJSON says so"),
    (Rule.ESCAPE, "# fixed: GeoJSON says so\nRING_POINTS_MIN = 4"),
    (Rule.ESCAPE, "call(\n    timeout=30,  # fixed: the library's own\n)"),
    (Rule.ESCAPE, "if weight > 5000:  # fixed: the axle's limit by its maker\n    go()"),
    (Rule.ESCAPE, "TIMEOUT_S = given  # the interval is fixed by the caller"),
    (Rule.SYNTAX, "x = 1"),
]


@pytest.mark.parametrize(("rule", "code"), PLANTED)
def test_planted_violation_is_found(rule: Rule, code: str) -> None:
    found = [one for one in check_text("serve/bookings.py", code) if one.rule is rule]

    assert found
    assert all(1 <= one.line <= code.count("\n") + 1 for one in found)


@pytest.mark.parametrize(("rule", "code"), INNOCENT)
def test_innocent_code_is_left_alone(rule: Rule, code: str) -> None:
    found = check_text("serve/bookings.py", code)

    assert [one for one in found if one.rule is rule] == []


def test_every_rule_has_a_planted_and_an_innocent_example() -> None:
    assert {rule for rule, _ in PLANTED} == set(Rule) == {rule for rule, _ in INNOCENT}
    assert set(ABOUT) == set(Rule)


def test_escape_with_a_reason_excuses_its_statement_only() -> None:
    code = "A_MAX = 5  # fixed: the protocol's\nB_MAX = 6\nC_MAX = {\n  'x_max': 7,\n}"

    assert [(one.line, one.rule) for one in check_text("a.py", code)] == [
        (2, Rule.LIMIT),
        (4, Rule.LIMIT),
    ]


def test_escape_without_a_reason_excuses_nothing() -> None:
    assert [one.rule for one in check_text("a.py", "A_MAX = 5  # fixed:")] == [
        Rule.ESCAPE,
        Rule.LIMIT,
    ]


def test_escape_in_a_string_is_no_escape() -> None:
    assert [one.rule for one in check_text("a.py", "A_MAX = (5, '# fixed: a reason')")] == [
        Rule.LIMIT
    ]


def test_values_may_lie_in_the_tree_but_not_secrets() -> None:
    assert check_text("config/sections/api.py", "RATE = 0.18\nTIMEOUT_S = 30") == []
    assert check_text("config/sections/api.py", "PASSWORD = 'hunter2'") != []


def test_the_permission_system_may_name_roles() -> None:
    assert check_text("serve/identity/permissions.py", "x = role == 'admin'") == []
    assert check_text("serve/bookings/api.py", "x = role == 'admin'") != []


def test_loopback_is_a_warning_and_the_world_an_error() -> None:
    near, far = check_text("a.py", "a = '127.0.0.1'\nb = '10.0.0.7'")

    assert (near.severity, far.severity) == ("warning", "error")
