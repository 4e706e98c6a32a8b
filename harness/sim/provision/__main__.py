from harness.sim.provision.setup import main

if __name__ == "__main__":
    raise SystemExit(main())
