// Vite's development server for the folder given, in a process of its own: `node dev-server.mjs FOLDER HEADERS`.
// Prints its address, then what the page posts to /report.
import { createServer } from "vite";

const [folder, headers] = process.argv.slice(2);
const server = await createServer({
  root: folder,
  configFile: false,
  logLevel: "error",
  server: { host: "127.0.0.1", port: 0, headers: JSON.parse(headers) },
  plugins: [
    {
      name: "report",
      configureServer({ middlewares }) {
        middlewares.use("/report", (request, response) => {
          let text = "";
          request.on("data", (chunk) => {
            text += chunk;
          });
          request.on("end", () => {
            response.end();
            console.log(text);
          });
        });
      },
    },
  ],
});
await server.listen();
console.log(server.resolvedUrls.local[0]);
