import { createApp } from "./lib/app.js";
import "./ui/page.css";
import { Shell } from "./ui/shell.js";

const page = new Shell();
page.app = createApp();
document.body.append(page);
