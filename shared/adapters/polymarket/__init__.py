"""The venue: public market data over REST (wallet activity, markets, books), read only and without credentials."""
