from pytest_embedded_hotreload.sim.provision.setup import main

if __name__ == "__main__":
    raise SystemExit(main())
