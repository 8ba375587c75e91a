// Socket.IO's chat with server delivery, as its tutorial has it (messages in SQLite, known by
// `client_offset` if sent again), and fsync before anybody is told: all that has come in one turn
// of the loop by one commit.
import { createServer } from "node:http";
import { DatabaseSync } from "node:sqlite";
import { Server } from "socket.io";

const [port, path] = process.argv.slice(2);
const database = new DatabaseSync(path);
database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
database.exec(`CREATE TABLE messages (
  id INTEGER PRIMARY KEY AUTOINCREMENT, client_offset TEXT UNIQUE, sender TEXT, receiver TEXT,
  content TEXT)`);
const add = database.prepare(
  "INSERT INTO messages (client_offset, sender, receiver, content) VALUES (?, ?, ?, ?)",
);

const http = createServer();
const io = new Server(http, { transports: ["websocket"] });
let waiting = [];

function store() {
  const batch = waiting;
  waiting = [];
  database.exec("BEGIN IMMEDIATE");
  const ids = batch.map(({ row }) => Number(add.run(...row).lastInsertRowid));
  database.exec("COMMIT");
  batch.forEach(({ row: [, sender, receiver, content], acknowledge }, number) => {
    io.to(receiver).emit("message", ids[number], sender, content);
    acknowledge(ids[number]);
  });
}

io.on("connection", (socket) => {
  const { name } = socket.handshake.auth;
  socket.join(name);
  socket.on("send", (receiver, offset, content, acknowledge) => {
    if (waiting.length === 0) setImmediate(store);
    waiting.push({ row: [offset, name, receiver, content], acknowledge });
  });
});

http.listen(Number(port), "127.0.0.1", () => console.log("serves"));
