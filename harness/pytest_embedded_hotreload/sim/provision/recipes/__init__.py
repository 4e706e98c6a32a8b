"""How the SDK is made: every file of this folder is part of the SDK's content key."""
