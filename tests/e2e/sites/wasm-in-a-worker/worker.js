fetch('/M.WASM').then(function (answer) { return answer.arrayBuffer(); }).then(WebAssembly.instantiate)
  .then(function () { postMessage(''); }, function (error) { postMessage(String(error)); });
