// For callers in CommonJS. Node 20.19 and later load ES modules with require, so that there is one copy of the library.
module.exports = require("./dist/index.js");
