-- What `npm start` runs: the volume-weighted average price of every symbol, every second.
--
-- The exchange is simulated: `millrace simulate --port 9010` serves it. Point `endpoint` and the subscription elsewhere, and
-- the rest stays as it is.

CREATE TABLE exchange (
  type TEXT,
  symbol TEXT,
  price DECIMAL,
  quantity DECIMAL,
  timestamp TIMESTAMP,
  WATERMARK FOR timestamp AS timestamp - INTERVAL '0.2 seconds'
) WITH (
  connector = 'websocket',
  endpoint = 'ws://localhost:9010/',
  subscription_messages.0 = '{"op":"subscribe"}',
  format = 'json'
);

CREATE VIEW vwap AS
SELECT
  symbol,
  ROUND(SUM(price * quantity) / SUM(quantity), 4) AS vwap,
  SUM(quantity) AS volume,
  COUNT(*) AS trades,
  TUMBLE(INTERVAL '1 second') AS window
FROM exchange
WHERE type = 'trade'
GROUP BY symbol, window;

-- Anybody can connect to ws://localhost:8080/ws and gets every row as JSON.
CREATE TABLE clients WITH (
  connector = 'websocket_server',
  port = 8080,
  path = '/ws',
  origins = 'http://localhost:8090',
  format = 'json'
);

INSERT INTO clients SELECT * FROM vwap;

SELECT * FROM vwap;
