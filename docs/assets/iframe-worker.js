// A page that was opened as a file may not start workers: there the search runs in a frame.
if (location.protocol === "file:") {
  window.IFrameWorker = true; // then it looks for its scripts beside its own

  window.Worker = class extends EventTarget {
    #frame = document.createElement("iframe");
    #loaded;

    constructor(url) {
      super();
      this.#frame.hidden = true;
      document.body.append(this.#frame);
      const inside = this.#frame.contentWindow;
      inside.postMessage = (data) => this.dispatchEvent(new MessageEvent("message", { data }));
      inside.importScripts = (...urls) => Promise.all(urls.map((each) => this.#load(each)));
      this.#loaded = this.#load(url);
    }

    postMessage(data) {
      this.#loaded.then(() =>
        this.#frame.contentWindow.dispatchEvent(new MessageEvent("message", { data })),
      );
    }

    #load(url) {
      return new Promise((resolve, reject) => {
        const script = this.#frame.contentDocument.createElement("script");
        script.onload = resolve;
        script.onerror = reject;
        script.src = url;
        this.#frame.contentDocument.body.append(script);
      });
    }
  };
}
