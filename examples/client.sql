-- Reads what examples/exchange.sql serves, as any client of Millrace could.

CREATE TABLE vwap (symbol TEXT, vwap DECIMAL, volume DECIMAL, trades BIGINT) WITH (
  connector = 'websocket',
  endpoint = 'ws://localhost:8080/ws',
  format = 'json'
);

SELECT * FROM vwap;
