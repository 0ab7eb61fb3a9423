"""Who acts in these tests: one of each role, and the jobs of the system."""

from salon_crm import Actor, Role

OWNER = Actor("olga", Role.OWNER)
ADMIN = Actor("ada", Role.ADMIN)
MANAGER = Actor("bea", Role.MANAGER)
STAFF = Actor("carla", Role.STAFF)
RECEPTIONIST = Actor("rui", Role.RECEPTIONIST)
SIGNUP = Actor("signup", Role.SYSTEM)
UNKNOWN_JOB = Actor("unknown", Role.SYSTEM)
