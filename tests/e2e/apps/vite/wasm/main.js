// SQLite, compiled to WebAssembly.
import initSqlJs from 'sql.js';
import wasm from 'sql.js/dist/sql-wasm.wasm?url';

const app = document.getElementById('app');
try {
  const { Database } = await initSqlJs({ locateFile: () => wasm });
  const database = new Database();
  database.run("create table machines (name text, pieces int); insert into machines values ('lathe', 40), ('mill', 2)");
  const [{ values }] = database.exec('select sum(pieces) from machines');
  app.innerHTML = `<h1>SQLite</h1><p class="done">${values[0][0]} pieces</p>`;
} catch (error) {
  app.innerHTML = `<p class="done">${error}</p>`;
}
