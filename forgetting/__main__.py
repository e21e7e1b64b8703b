from forgetting.cli import main

main()
