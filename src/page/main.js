const health = await fetch("/_emulator/health").then((answer) => answer.json());
document.querySelector("#version").value = health.version;
